/** `len(field) as result`: the length of the value in bytes, as UTF-8. */
import { NumberColumn } from '../batches/number-column.ts'
import { textByteLength } from '../values/text-length.ts'
import { fieldFunctionPipe } from './field-function.ts'

const ofTexts = fieldFunctionPipe({
  kind: 'len',
  summary: 'the length of a value in bytes',
  examples: ['error | len(_msg) as size', 'error | len(_msg) as size | fields size, _msg'],
  make: (text) => String(textByteLength(text)),
})

export const lenPipe: typeof ofTexts = {
  ...ofTexts,
  bindBatch(pipe, context) {
    const map = ofTexts.bindBatch!(pipe, context)
    return (batch) => {
      const column = batch.column(pipe.field)
      const lengths = column?.groups() === null ? (column.byteLengths?.() ?? null) : null
      if (lengths === null) return map(batch)
      return batch.with(pipe.result, new NumberColumn(Float64Array.from(lengths)))
    }
  },
}
