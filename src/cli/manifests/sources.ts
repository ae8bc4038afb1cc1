import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lineAndColumn } from './position.ts';
import type { Report } from './problem.ts';

/** One text to read manifests from. */
export interface Source {
  /** How messages call it: the path as it was given, or `<stdin>`. */
  readonly name: string;
  readonly text: string;
}

/** The bytes of standard input, once. */
export type Stdin = () => AsyncIterable<Buffer>;

/** As much YAML takes about 15 s and 1 GB to read; an API server takes 3 MiB an object. */
const maxBytes = 16 * 1024 * 1024;

/** What kubectl reads of a folder. */
const manifestFile = /\.(yaml|yml|json)$/;

/**
 * Reads files, folders (their *.yaml, *.yml and *.json, not those below) and `-`, as
 * `kubectl -f` does.
 */
export async function readSources(
  paths: readonly string[],
  stdin: Stdin,
  report: Report,
): Promise<readonly Source[]> {
  const sources: Source[] = [];
  for (const path of paths) {
    for (const { name, chunks } of await open(path, stdin, report)) {
      const bytes = await readAll(name, chunks, report);
      const text = bytes === undefined ? undefined : decode(name, bytes, report);
      if (text !== undefined) sources.push({ name, text });
    }
  }
  return sources;
}

interface Opened {
  readonly name: string;
  readonly chunks: AsyncIterable<Buffer>;
}

async function open(path: string, stdin: Stdin, report: Report): Promise<readonly Opened[]> {
  if (path === '-') return [{ name: '<stdin>', chunks: stdin() }];
  if (/^https?:\/\//.test(path)) {
    report({
      where: path,
      what: 'addresses are not read: this program works offline',
      remedy: 'download it first, or pipe it in with -f -',
    });
    return [];
  }
  try {
    if (!(await stat(path)).isDirectory()) return [{ name: path, chunks: createReadStream(path) }];
    const names = (await readdir(path)).filter((name) => manifestFile.test(name)).toSorted();
    if (names.length === 0) {
      report({
        where: path,
        what: 'this folder holds no *.yaml, *.yml or *.json file',
        remedy: 'name a file, or the folder that holds them (those below are not read)',
      });
    }
    const files: Opened[] = [];
    for (const name of names) {
      const file = join(path, name);
      if (!(await stat(file)).isDirectory()) files.push({ name: file, chunks: createReadStream(file) });
    }
    return files;
  } catch (error) {
    report(unreadable(path, error));
    return [];
  }
}

async function readAll(
  name: string,
  chunks: AsyncIterable<Buffer>,
  report: Report,
): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of chunks) {
      parts.push(chunk);
      length += chunk.length;
      if (length > maxBytes) {
        report({
          where: name,
          what: `this is larger than ${maxBytes / 1024 / 1024} MiB`,
          remedy:
            'split it, or select what belongs to the cluster, as with kubectl get -l openbao.org/cluster',
        });
        return undefined;
      }
    }
  } catch (error) {
    report(unreadable(name, error));
    return undefined;
  }
  return Buffer.concat(parts);
}

const causes: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  ENOENT: ['there is no such file or folder', 'check the path; it counts from the working directory'],
  ENOTDIR: ['a part of this path is no folder', 'check the path'],
  EACCES: ['reading it is not permitted', 'run as a user who may read it, or change its mode'],
  EPERM: ['reading it is not permitted', 'run as a user who may read it, or change its mode'],
};

function unreadable(where: string, error: unknown) {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const [what, remedy] = causes[code] ?? [
    `it cannot be read (${code || String(error)})`,
    'check what the path leads to',
  ];
  return { where, what, remedy };
}

/** Text without its byte order mark; nothing where the bytes are no text. */
function decode(name: string, bytes: Buffer, report: Report): string | undefined {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    report({ where: `${name}:1:1`, what: 'this is UTF-16, not UTF-8', remedy: 'save the file as UTF-8' });
    return undefined;
  }
  if (!isUtf8(bytes)) {
    report({
      where: `${name}:${firstBadByte(bytes)}`,
      what: 'this is not UTF-8 text',
      remedy: 'name a YAML or JSON file, or save it as UTF-8',
    });
    return undefined;
  }
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  // As kubectl; and an escape sequence must not get from a file to the terminal.
  // oxlint-disable-next-line eslint/no-control-regex
  const control = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.exec(text);
  if (control === null) return text;
  const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  report({
    where: `${name}:${lineAndColumn(text)(control.index)}`,
    what: `the control character U+${code} may not stand in a manifest`,
    remedy: 'take it out; if this is a binary file, name a YAML or JSON file instead',
  });
  return undefined;
}

/** `line:column` of the first byte that is no UTF-8. */
function firstBadByte(bytes: Buffer): string {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline === -1 ? bytes.length : newline + 1;
    const part = bytes.subarray(start, end);
    if (!isUtf8(part)) return `${line}:${part.toString('utf8').indexOf('\ufffd') + 1}`;
    start = end;
  }
  return `${line}:1`;
}
