/** Places in the memory of kernels/columns.ts that its parts share; it says what lies there. */
export const STARTS: i32 = 0x30000
export const CLASSES: i32 = 0x140000
export const VALUES: i32 = 0x4c0000
export const SCRATCH: i32 = 0x8d0000
