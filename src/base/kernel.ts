/**
 * WebAssembly kernels: small hot loops that have a twin in TypeScript, which runs where WebAssembly is refused. How
 * they are made: dev/kernels.ts and docs/adr/0006-kernels.md.
 */

/** Numbers and functions by the name that the kernel exports; `memory` aside. */
export type KernelFunctions = Readonly<Record<string, (...values: number[]) => number>>

export interface KernelInstance {
  readonly functions: KernelFunctions
  /** Exported constants. */
  readonly constants: Readonly<Record<string, number>>
  /** Never grows. */
  readonly memory: ArrayBuffer
}

/** Makes a kernel of its bytes in base64, or null where that is refused. */
export type InstantiateKernel = (base64: string, imports: KernelFunctions) => KernelInstance | null

/** What we use of the language's own WebAssembly, whose types come with those of browsers only. */
interface WebAssemblyLanguage {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, KernelFunctions>>,
  ) => { readonly exports: Readonly<Record<string, KernelExport>> }
  readonly CompileError: new () => Error
}

type KernelExport =
  | ((...values: number[]) => number)
  | { readonly buffer: ArrayBuffer }
  | { readonly value: number }

/** The module that the kernel imports its functions from. */
const IMPORTS = 'twin'

/** Compiled once, however many instances there are. By the bytes in base64. */
const modules = new Map<string, object>()

/** Null where there is no WebAssembly, where it lacks SIMD, and where there is no room for the memory. */
export function instantiateKernel(base64: string, imports: KernelFunctions): KernelInstance | null {
  const { WebAssembly: language } = globalThis as { readonly WebAssembly?: WebAssemblyLanguage }
  if (language === undefined) return null
  try {
    const module = modules.get(base64) ?? new language.Module(bytesOf(base64))
    modules.set(base64, module)
    return instanceOf(new language.Instance(module, { [IMPORTS]: imports }).exports)
  } catch (error) {
    if (error instanceof language.CompileError || error instanceof RangeError) return null
    throw error
  }
}

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0))

/** For tests, and for whoever wants the twins. */
export function refuseKernel(): null {
  return null
}

function instanceOf(exports: Readonly<Record<string, KernelExport>>): KernelInstance {
  const functions: Record<string, (...values: number[]) => number> = {}
  const constants: Record<string, number> = {}
  let memory = new ArrayBuffer(0)
  for (const [name, value] of Object.entries(exports)) {
    if (typeof value === 'function') functions[name] = value
    else if ('buffer' in value) memory = value.buffer
    else constants[name] = value.value
  }
  return { functions, constants, memory }
}
