import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { advance } from '../model/advance.ts';
import { handle } from '../model/handle.ts';
import { cut, heal, kill, start, stop, wipe } from '../model/processes.ts';
import { createWorld, type Timing, type World } from '../model/state.ts';
import { podLabels } from '../model/status-routes.ts';
import { heartbeat, onMessages, send, type FromHub, type FromServer } from './protocol.ts';
import { verifying } from './verify.ts';

/** Holds the model for all `bao server` processes of a test and drives it by the clock. */
export interface Hub {
  /** Host and port for the servers. */
  readonly address: string;
  close(): Promise<void>;
}

interface HubOptions {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  readonly timing?: Partial<Timing>;
  readonly log: (line: string) => void;
}

/** A node's process on the other side of a connection. */
interface Member {
  readonly world: World;
  readonly id: string;
  readonly incarnation: string;
  /** undefined while the network is cut. */
  socket: Socket | undefined;
  heardAt: number;
  waiting: Map<number, Extract<FromServer, { type: 'request' }>>;
  labels: string;
}

/** Milliseconds between two looks at the clock: what costs most when nothing happens. */
const tick = 50;

/** Starts the hub. */
export async function startHub({ host, port, timing = {}, log }: HubOptions): Promise<Hub> {
  const worlds = new Map<string, World>();
  const members = new Map<string, Member>();
  /** Which disk each node has, by the node's key. */
  const disks = new Map<string, string>();

  const worldOf = (scope: string): World => {
    const world = worlds.get(scope) ?? createWorld(Date.now(), Math.floor(Math.random() * 2 ** 32), timing);
    worlds.set(scope, world);
    return world;
  };

  function welcome(socket: Socket, hello: Extract<FromServer, { type: 'hello' }>): Member | undefined {
    const key = `${hello.scope}/${hello.id}`;
    const world = worldOf(hello.scope);
    advance(world, Date.now());
    const known = members.get(key);
    if (known?.incarnation === hello.incarnation) {
      known.socket = socket;
      known.heardAt = Date.now();
      heal(world, hello.id);
      log(`${key} is back`);
      return known;
    }
    if (hello.disk !== undefined && hello.disk !== disks.get(key)) {
      const why = `the model knows nothing of the disk ${hello.disk} of ${key}: its hub was started anew since`;
      send(socket, { type: 'exit', code: 1, why });
      return undefined;
    }
    if (known !== undefined) end(known, 'another process took its place');
    const disk = hello.disk ?? randomUUID();
    if (world.nodes[hello.id] !== undefined) {
      heal(world, hello.id);
      if (hello.disk === undefined) wipe(world, hello.id);
    }
    disks.set(key, disk);
    start(world, hello.id, hello.settings);
    const member: Member = {
      world,
      id: hello.id,
      incarnation: hello.incarnation,
      socket,
      heardAt: Date.now(),
      waiting: new Map(),
      labels: '',
    };
    members.set(key, member);
    send(socket, { type: 'welcome', disk });
    log(
      `${key} starts with ${hello.disk === undefined ? 'an empty disk' : 'its data'}, version ${hello.settings.version}`,
    );
    return member;
  }

  function end(member: Member, why: string): void {
    for (const [key, each] of members) if (each === member) members.delete(key);
    kill(member.world, member.id);
    log(`${member.id} ended: ${why}`);
  }

  function take(member: Member, message: FromServer): void {
    member.heardAt = Date.now();
    advance(member.world, Date.now());
    if (message.type === 'request') {
      member.waiting.set(message.number, message);
      answerWaiting(member);
    } else if (message.type === 'abandon') {
      member.waiting.delete(message.number);
    } else if (message.type === 'stop') {
      stop(member.world, member.id);
    }
  }

  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let member: Member | undefined;
    socket.on('error', () => undefined);
    const pings = setInterval(() => send(socket, { type: 'pong' }), heartbeat.interval);
    onMessages<FromServer>(socket, (message) => {
      if (message.type === 'hello') member = welcome(socket, message);
      else if (member !== undefined) take(member, message);
    });
    socket.on('close', () => {
      sockets.delete(socket);
      clearInterval(pings);
      // The kernel says so when a process ends; a cut network says nothing.
      if (member?.socket === socket && [...members.values()].includes(member))
        end(member, 'its process is gone');
    });
  });

  const timer = setInterval(() => {
    for (const world of worlds.values()) advance(world, Date.now());
    for (const member of members.values()) attend(member);
  }, tick);

  function attend(member: Member): void {
    if (member.socket === undefined) return;
    if (Date.now() - member.heardAt > heartbeat.silence) {
      log(`${member.id} is silent: cut off`);
      const silent = member.socket;
      member.socket = undefined;
      silent.destroy();
      cut(member.world, member.id);
      return;
    }
    if (member.world.nodes[member.id]?.process === undefined) {
      const socket = member.socket;
      const stopped = member.world.nodes[member.id]?.disk?.broken !== true;
      member.socket = undefined;
      end(member, 'the model ended it');
      send(socket, {
        type: 'exit',
        code: stopped ? 0 : 1,
        why: stopped ? 'stopped' : 'a request of the initialize stanza failed',
      });
      return;
    }
    answerWaiting(member);
    const labels = podLabels(member.world, member.id);
    const text = JSON.stringify(labels);
    if (text !== member.labels) send(member.socket, { type: 'labels', labels });
    member.labels = text;
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  return {
    address: `${host}:${bound.port}`,
    close: () => {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

function answerWaiting({ world, id, waiting, socket }: Member): void {
  if (socket === undefined) return;
  for (const [number, { request }] of waiting) {
    const answer = handle(world, id, request, verifying);
    if (answer.status === 0 && 'why' in answer && answer.why === 'hangs') continue;
    waiting.delete(number);
    const message: FromHub = { type: 'answer', number, answer };
    send(socket, message);
  }
}
