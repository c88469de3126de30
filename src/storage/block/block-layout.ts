/**
 * Which byte string of a block holds what, and which section of a part (docs/formats/part-blocks.md): numbers that
 * stand in files.
 */

import { FIELD_JSON } from '../../record/record.ts'

/** Byte strings of a block, by slot. */
export const SLOT_IDS = 0
export const SLOT_TIMES = 1
export const SLOT_RECEIVED = 2
export const SLOT_LEVELS = 3
export const SLOT_LAYOUTS = 4
export const SLOT_OVERFLOW = 5
export const SLOT_FILTER = 6
/** The column that is not a field: the message. Field n of the block is column n + 1. */
export const COLUMN_MESSAGE = 0
const SLOT_COLUMNS = 16
const SLOT_TEMPLATES = 0x1_0000
const TEMPLATE_SLOTS = 0x1000

/** The values of a column: what is not in a template, and which row has which template. */
export const slotOfColumn = (column: number): number => SLOT_COLUMNS + column * 2
/** The JSON kinds of a field's values. */
export const slotOfKinds = (column: number): number => SLOT_COLUMNS + column * 2 + 1
/** The variables of one template of a column, by its place among the templates of the block. */
export const slotOfTemplate = (column: number, place: number): number =>
  SLOT_TEMPLATES + column * TEMPLATE_SLOTS + place

/** Sections of a part. */
export const SECTION_NAMES = 16
export const SECTION_TEMPLATES = 17
export const SECTION_SLOT_FACTS = 18
export const SECTION_BLOCK_TEMPLATES = 19
/** Kept for an index of streams: nobody writes it yet. */
export const SECTION_STREAMS = 20

/** Of the kinds of fields that are stored, the largest. */
export const FIELD_KIND_MAX = FIELD_JSON

/** Fields of a block that have a column of their own; the others share the overflow. */
export const FIELD_COLUMNS_MAX = 1000

/** How a column is written: its values encoded, or split by templates. */
export const FORM_ENCODED = 0
export const FORM_TEMPLATES = 1

/** Words of fewer bytes are in no filter: they are everywhere, and columns tell them apart well enough. */
export const FILTER_WORD_BYTES_MIN = 6
