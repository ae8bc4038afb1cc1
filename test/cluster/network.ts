import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun, runCommand } from '../../packaging/command.ts';

/**
 * The addresses of one ground with a node. They come from 198.18.0.0/15, which RFC 2544 sets
 * aside for tests of network devices and no network carries; each ground takes a /22 of it.
 */
export interface GroundAddresses {
  /** The host's end of the pair of devices that joins host and ground, and its address. */
  readonly uplink: string;
  readonly host: string;
  /** The ground's end. */
  readonly ground: string;
  /** The node's address, on the bridge inside. */
  readonly node: string;
  readonly nodeSubnet: string;
  readonly podSubnet: string;
  readonly services: string;
  readonly firstService: string;
  /** All of the above: what the host routes into the ground. */
  readonly subnet: string;
}

const slots = 128;

function addressesOf(slot: number): GroundAddresses {
  const octets = (offset: number) =>
    `198.${18 + Math.floor((slot * 4) / 256)}.${((slot * 4) % 256) + offset}`;
  return {
    uplink: `rollguard${slot}`,
    host: `${octets(0)}.1`,
    ground: `${octets(0)}.2`,
    node: `${octets(1)}.1`,
    nodeSubnet: `${octets(1)}.0/24`,
    services: `${octets(2)}.0/24`,
    firstService: `${octets(2)}.1`,
    podSubnet: `${octets(3)}.0/24`,
    subnet: `${octets(0)}.0/22`,
  };
}

/**
 * Takes the first free slot by making its pair of devices: a name that is taken is refused, so
 * two grounds that start at once cannot take the same. The pair vanishes with the namespace.
 *
 * @param holder a process in the ground's network namespace
 * @param claim is told which device it is, by its index (`if7`): when it goes, its name is another ground's to take
 */
export async function joinHostAndGround(
  holder: number,
  claim: (device: string) => void,
): Promise<GroundAddresses> {
  for (let slot = 0; slot < slots; slot += 1) {
    const addresses = addressesOf(slot);
    const taken = await runCommand('ip', ['link', 'show', addresses.uplink]);
    if (taken.code === 0) continue;
    const peer = ['peer', 'name', 'uplink', 'netns', String(holder)];
    const added = await runCommand('ip', ['link', 'add', addresses.uplink, 'type', 'veth', ...peer]);
    if (added.stderr.includes('File exists')) continue;
    if (added.code !== 0) throw new Error(`no pair of network devices: ${added.stderr.trim()}`);
    claim(`if${readFileSync(`/sys/class/net/${addresses.uplink}/ifindex`, 'utf8').trim()}`);
    await mustRun('ip', ['address', 'add', `${addresses.host}/30`, 'dev', addresses.uplink]);
    await mustRun('ip', ['link', 'set', addresses.uplink, 'up']);
    await mustRun('ip', ['route', 'add', addresses.subnet, 'via', addresses.ground]);
    return addresses;
  }
  throw new Error(`${slots} grounds run already`);
}

/** The name of the bridge inside that carries the node's address. */
export const nodeBridge = 'ground0';

/**
 * Sets up the ground's own side.
 *
 * @param enter how to run a command in the ground's namespaces
 * @param directory the ground's state directory
 */
export async function setUpInside(
  enter: readonly string[],
  { ground, node }: GroundAddresses,
  directory: string,
): Promise<void> {
  const resolver = join(directory, 'resolv.conf');
  writeFileSync(resolver, `nameserver ${node}\n`);
  const script = [
    'ip link set lo up',
    `ip address add ${ground}/30 dev uplink`,
    'ip link set uplink up',
    `ip link add ${nodeBridge} type bridge`,
    `ip address add ${node}/24 dev ${nodeBridge}`,
    `ip link set ${nodeBridge} up`,
    // Components look for the default route to learn their address. It leads nowhere.
    `ip route add default dev ${nodeBridge}`,
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
    // This machine's name servers are out of reach, and a component that asks one waits long.
    `if [ -e /etc/resolv.conf ]; then mount --bind ${resolver} /etc/resolv.conf; fi`,
  ].join('\n');
  const [command = '', ...args] = enter;
  await mustRun(command, [...args, 'sh', '-e', '-c', script]);
}
