/** Recorded /proc files in place of the kernel's. */
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { FileOpener } from '../../lib/proc-file.js'

export interface RecordedFiles extends FileOpener {
  /** Descriptors handed out, in order. */
  readonly opened: readonly number[]
}

/** Runs a test body with files that hold these texts, by the paths under which the kernel has them. */
export async function withFiles<T>(
  texts: Readonly<Record<string, string>>,
  body: (files: RecordedFiles) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-director-files-'))
  const opened: number[] = []
  const paths = new Map(Object.keys(texts).map((path, index) => [path, join(folder, String(index))]))
  for (const [path, file] of paths) writeFileSync(file, texts[path] ?? '', 'latin1')
  const openFile = async (path: string, flags: number): Promise<number> => {
    const fd = openSync(paths.get(path) ?? join(folder, 'missing'), flags)
    opened.push(fd)
    return fd
  }
  try {
    return await body({ openFile, opened })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
