/** Relocation of an instruction that loads a map's address [R_BPF_64_64]. */
const loadsMap = 1
const instructionBytes = 8
/** Section type of relocations without addends [SHT_REL]. */
const relocations = 9

/** As much of ELF64 (little-endian) as an eBPF object needs; see elf(5). */
export class ElfObject {
  constructor(bytes) {
    this.bytes = bytes
    const start = Number(bytes.readBigUInt64LE(0x28))
    const size = bytes.readUInt16LE(0x3a)
    const count = bytes.readUInt16LE(0x3c)
    this.sections = Array.from({ length: count }, (_, index) => this.#section(start + index * size))
    const names = this.sections[bytes.readUInt16LE(0x3e)]
    for (const section of this.sections) section.name = this.#text(names, section.nameAt)
  }

  /** The code of a section, and which of its instructions load which map. */
  program(name) {
    const index = this.sections.findIndex((section) => section.name === name)
    const code = this.#content(this.sections[index])
    const table = this.sections.find(({ type, info }) => type === relocations && info === index)
    return { code, references: table === undefined ? [] : this.#references(table) }
  }

  #references(section) {
    const symbols = this.sections[section.link]
    const content = this.#content(section)
    const references = []
    for (let at = 0; at < content.length; at += 16) {
      const type = content.readUInt32LE(at + 8)
      const symbol = symbols.offset + content.readUInt32LE(at + 12) * 24
      if (type !== loadsMap) throw new Error(`unexpected relocation of type ${type}`)
      references.push({
        instruction: Number(content.readBigUInt64LE(at)) / instructionBytes,
        map: this.#text(this.sections[symbols.link], this.bytes.readUInt32LE(symbol)),
      })
    }
    return references
  }

  #section(at) {
    return {
      nameAt: this.bytes.readUInt32LE(at),
      type: this.bytes.readUInt32LE(at + 4),
      offset: Number(this.bytes.readBigUInt64LE(at + 24)),
      size: Number(this.bytes.readBigUInt64LE(at + 32)),
      link: this.bytes.readUInt32LE(at + 40),
      info: this.bytes.readUInt32LE(at + 44),
    }
  }

  #content({ offset, size }) {
    return this.bytes.subarray(offset, offset + size)
  }

  #text({ offset }, at) {
    const start = offset + at
    return this.bytes.toString('latin1', start, this.bytes.indexOf(0, start))
  }
}
