/**
 * The second door of base/: what runs wherever the language runs, in a browser too. What the query language reaches
 * imports base/ through here (PORTABLE_ENTRIES in test/import-rules.ts), so nothing here may import a `node:` module.
 * All of it is in base.ts as well, for everybody else.
 */
export { AssertionError, assert } from './assert.ts'
export { Bitset } from './bitset.ts'
export { digitCount, PRINT_SLACK, printDigits, printNumber, printPair } from './digits.ts'
export {
  CodedError,
  ERROR_CODES,
  type ErrorCode,
  type ErrorCodeDeclaration,
  isCodedError,
  messageOf,
  systemError,
  systemErrorCode,
} from './errors.ts'
export { type InstantiateKernel, instantiateKernel, type KernelInstance } from './kernel.ts'
export { type Accept, foldOf, Needle } from './needle.ts'
export { type Random, SeededRandom, systemRandom } from './random.ts'
