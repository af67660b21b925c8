/** A rule does not hold in this world. */
export class Violation extends Error {
  override name = 'Violation'
}
