export { type Actor, NOBODY } from './actor.ts'
