/** The reference service for a process that a test starts and kills: its keys and its secret lie in the test's own folder. */
import blog from '../../examples/blog/app.ts'
import { app } from '../../src/app/index.ts'

const { seed: _, ...declaration } = blog

// biome-ignore lint/style/noDefaultExport: the command line loads an application by its default export.
export default app({ ...declaration, folder: process.env['CHAOS_FOLDER'] ?? blog.folder })
