/** The model of OpenBao Raft clusters: everything a user of it needs. */
export { advance, nextDue } from './advance.ts';
export { type Claims, type Outside } from './context.ts';
export { handle } from './handle.ts';
export { type Answer, type NoAnswer, type Request, type Response } from './http.ts';
export { cut, heal, kill, start, stop, wipe } from './processes.ts';
export { canCommit, quorumOf, votersUp } from './replication.ts';
export {
  createWorld,
  type InitRequest,
  type Node,
  type NodeSettings,
  type Timing,
  type World,
} from './state.ts';
export { podLabels } from './status-routes.ts';
export { nonVotersOf, read, serversOf } from './storage.ts';
