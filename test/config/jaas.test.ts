import { describe, expect, it } from 'vitest'
import { JaasError, jaasUsers, parseJaas } from '../../src/config/jaas.ts'

const MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule'

describe('a JAAS file', () => {
  it('is read with comments, escapes and several sections', () => {
    const text = `
      // one line
      /* several
         lines */
      Server {
        ${MODULE} required user_super="admin" user_bob="a\\"b\\\\c\\101";
        ${MODULE} OPTIONAL
          user_x = plain ;
      };
      Client { ${MODULE} sufficient username="bob" password="secret"; };`
    expect([...(jaasUsers(text, 'f', 'Server') ?? [])]).toEqual([
      ['super', 'admin'],
      ['bob', 'a"b\\cA'],
      ['x', 'plain'],
    ])
    expect(parseJaas(text, 'f').get('Client')).toEqual([
      { name: MODULE, flag: 'sufficient', options: { username: 'bob', password: 'secret' } },
    ])
    expect(jaasUsers(text, 'f', 'Other')).toBeNull()
    expect([...(jaasUsers(text, 'f', 'Client') ?? [])]).toEqual([])
  })

  it.each([
    ['Server {', 1, 'expected the class of a login module, found the end of the file'],
    ['Server', 1, 'expected {, found the end of the file'],
    [
      '\nServer { a.B maybe; };',
      2,
      '"maybe" is no flag; it is one of required, requisite, sufficient, optional',
    ],
    ['Server {\n a.B required\n x; };', 3, 'expected =, found ";"'],
    ['Server {\n a.B required\n x=; };', 3, 'expected the value of x, found ";"'],
    ['Server { a.B required x=12; };', 1, 'expected the value of x, found "1"'],
    ["Server { a.B required x='y'; };", 1, `expected the value of x, found "'"`],
    ['Server { a.B required; }', 1, 'expected ;, found the end of the file'],
    ['A { a.B required; };\nA { a.B required; };', 2, 'the section A comes twice'],
    ['Server { a.B required x="y; };', 1, `expected the value of x, found """`],
  ])('%j is refused with its line', (text, line, message) => {
    const read = () => jaasUsers(text, 'jaas.conf', 'Server')
    expect(read).toThrow(JaasError)
    expect(read).toThrow(message)
    try {
      read()
    } catch (error) {
      expect((error as JaasError).where).toEqual({ file: 'jaas.conf', line })
    }
  })

  it('with another module is refused by name', () => {
    const text = 'Server { com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true; };'
    expect(() => jaasUsers(text, 'f', 'Server')).toThrow(/asks for com.sun.*Krb5LoginModule; only/)
  })
})
