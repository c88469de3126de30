/**
 * What @peculiar/x509 asks of `Reflect`, and the language does not have (yet): metadata of classes, which its container
 * of services keeps there. Imported for its effect, before that package. Where another package has brought these
 * functions already, they stay.
 */
type Metadata = Map<unknown, unknown>

const metadataOf = new WeakMap<object, Metadata>()

function defineMetadata(key: unknown, value: unknown, target: object): void {
  const metadata = metadataOf.get(target) ?? new Map()
  metadataOf.set(target, metadata.set(key, value))
}

function getOwnMetadata(key: unknown, target: object): unknown {
  return metadataOf.get(target)?.get(key)
}

function getMetadata(key: unknown, target: object): unknown {
  const own = getOwnMetadata(key, target)
  const parent = Object.getPrototypeOf(target)
  return own === undefined && parent !== null ? getMetadata(key, parent) : own
}

if (!('getMetadata' in Reflect)) Object.assign(Reflect, { defineMetadata, getMetadata, getOwnMetadata })
