/** Records as they pass through the hot path: reading a request, and writing a reply with a Stat. */
import { decode, encode } from '../../src/protocol/jute.ts'
import {
  CreateRequest,
  GetDataResponse,
  ReplyHeader,
  WatchableReadRequest,
} from '../../src/protocol/records/client.ts'
import { Writer } from '../../src/protocol/writer.ts'
import { makeZxid } from '../../src/protocol/zxid.ts'
import type { MicroBench } from './bench.ts'

const data = Buffer.alloc(100, 'x')
const stat = {
  czxid: makeZxid(1, 7),
  mzxid: makeZxid(1, 9),
  ctime: 1_700_000_000_000,
  mtime: 1_700_000_000_001,
  version: 3,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
  dataLength: data.length,
  numChildren: 0,
  pzxid: makeZxid(1, 7),
}
const createRequest: CreateRequest = {
  path: '/services/web/node-0000000042',
  data,
  acl: [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }],
  flags: 0,
}

export const codecBenches: readonly MicroBench[] = [
  {
    name: 'codec: read getData request',
    prepare() {
      const bytes = encode(WatchableReadRequest, { path: '/services/web/node-0000000042', watch: true })
      return (i) => decode(WatchableReadRequest, bytes).path.length + (i & 7)
    },
  },
  {
    name: 'codec: read create request, 100 bytes',
    prepare() {
      const bytes = encode(CreateRequest, createRequest)
      return (i) => (decode(CreateRequest, bytes).data?.length ?? 0) + (i & 7)
    },
  },
  {
    name: 'codec: write getData reply, 100 bytes',
    prepare() {
      const writer = new Writer()
      return (i) => {
        const start = writer.length
        ReplyHeader.write(writer, { xid: i, zxid: stat.mzxid, err: 0 })
        GetDataResponse.write(writer, { data, stat })
        const written = writer.length - start
        if (writer.length > 32_000) writer.take()
        return written + (i & 7)
      }
    },
  },
]
