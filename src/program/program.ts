/** The door of program/: the whole server from one configuration. */
export { OPEN_FILES_RESERVED, readOpenFilesMax } from './connection-room.ts'
export { EmbeddedServer, type StartServerOptions, startServer } from './embedded-server.ts'
export { type PortState, RunningServer } from './running-server.ts'
export type { OwnLog, ServerSurroundings } from './server-parts.ts'
export { PROTOCOL_NAMES } from './server-protocols.ts'
export { takesDatagrams } from './udp-port.ts'
