/** The search for bytes, under the name by which filters know it. */
export { type Accept, Needle } from '../../base/base.ts'
