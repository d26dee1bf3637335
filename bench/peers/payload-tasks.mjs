import { transfer } from 'async-pool-executor/task'

export const echo = async bytes => bytes

export const handBack = async bytes => transfer(bytes, [bytes.buffer])
