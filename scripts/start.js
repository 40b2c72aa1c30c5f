/** Starts the reference service, `examples/blog`, as `plinth dev` run inside that folder would. Options go to `plinth dev`. */
import { dirname, join } from 'path'
import { fileURLToPath } from 'url'

process.chdir(join(dirname(dirname(fileURLToPath(import.meta.url))), 'examples', 'blog'))
process.argv.splice(2, 0, 'dev')
void import('../bin/plinth.js')
