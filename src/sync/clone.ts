import { Deserializer, Serializer } from 'node:v8'

/** Structured clone as bytes, with the refusals of structured clone: nothing that is shared or transferred. */
class Cloner extends Serializer {
  _getDataCloneError(message: string): DOMException {
    return new DOMException(message, 'DataCloneError')
  }

  _writeHostObject(object: object): never {
    throw this._getDataCloneError(`a ${object.constructor?.name} could not be cloned.`)
  }

  _getSharedArrayBufferId(): never {
    throw this._getDataCloneError('a SharedArrayBuffer could not be cloned.')
  }
}

/** @throws {DOMException} DataCloneError; and what getters throw */
export function toBytes(value: unknown): Uint8Array {
  const cloner = new Cloner()
  cloner.writeHeader()
  cloner.writeValue(value)
  return cloner.releaseBuffer()
}

export function fromBytes(bytes: Uint8Array): unknown {
  const deserializer = new Deserializer(bytes)
  deserializer.readHeader()
  return deserializer.readValue()
}
