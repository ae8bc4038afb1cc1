import type { World } from './state.ts';

/** A number from 0 up to 1; the world's seed decides it (mulberry32). */
export function random(world: World): number {
  world.random = (world.random + 0x6d2b79f5) >>> 0;
  let mixed = world.random;
  mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
}

/** Milliseconds between two bounds. */
export function between(world: World, least: number, most: number): number {
  return Math.round(least + random(world) * (most - least));
}

/** Hexadecimal digits. */
export function hex(world: World, digits: number): string {
  let text = '';
  while (text.length < digits) text += Math.floor(random(world) * 16).toString(16);
  return text;
}

/** An identifier in the form of a UUID. */
export function uuid(world: World): string {
  return [8, 4, 4, 4, 12].map((digits) => hex(world, digits)).join('-');
}
