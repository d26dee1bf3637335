// The ES module face of the one CommonJS implementation, so that a thread has one copy of it.
export * from './task.js'
