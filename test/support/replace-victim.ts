/** A process to be killed: is in the middle of replacing the set 'x' of a namespace, and stays there. */
import { openKernel } from '../../lib/index.js'

async function* withoutEnd(): AsyncGenerator<string> {
  yield '10.9.9.9'
  process.send?.('filling')
  await new Promise(() => undefined)
}

async function main(): Promise<void> {
  const [, , netns = ''] = process.argv
  const kernel = await openKernel({ netns })
  // What nobody settles keeps no process alive; the channel to the parent does.
  process.on('message', () => undefined)
  await kernel.sets.replace('x', withoutEnd())
}

if (require.main === module) void main()
