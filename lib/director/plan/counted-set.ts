/** A set whose members are held by several owners at once and leave with the last of them. */
export class CountedSet {
  /** The members, each once. */
  readonly members = new Set<string>()
  /** Holders beyond the first: most members have one holder, so that this stays small. */
  readonly #more = new Map<string, number>()

  /** True when the member is new. */
  hold(member: string): boolean {
    if (this.members.has(member)) {
      this.#more.set(member, (this.#more.get(member) ?? 0) + 1)
      return false
    }
    this.members.add(member)
    return true
  }

  /** True when the member is gone. */
  release(member: string): boolean {
    const more = this.#more.get(member)
    if (more === undefined) return this.members.delete(member)
    if (more === 1) this.#more.delete(member)
    else this.#more.set(member, more - 1)
    return false
  }
}
