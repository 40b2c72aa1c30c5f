/** The reference service: users and posts. `plinth dev` in this folder starts it. */
import { app } from 'plinth'
import blog from './domain.ts'
import { ACTORS, seed } from './seed.ts'

export default app({
  domain: blog,
  folder: import.meta.dirname,
  seed,
  actors: ACTORS,
  tryFirst: ['/api/v1/posts?limit=3', '/api/v1/posts?status=draft&sort=title'],
})
