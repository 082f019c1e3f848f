/** A process of its own, started by manual.ts: print-manual.js NETNS WORD… Ends inside libipset. */
import { libipsetAddon } from './libipset-addon.js'

const [netns = '', ...words] = process.argv.slice(2)
libipsetAddon().printManualAndExit(words, netns)
