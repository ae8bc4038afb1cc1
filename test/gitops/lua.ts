import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { componentsAvailability } from '../cluster/availability.ts';
import { findBinaries } from '../cluster/components.ts';
import { groundTimeoutMs } from '../cluster/shared.ts';
import { tellStderr } from '../cluster/test-cluster.ts';
import { mustRun } from '../../packaging/command.ts';
import { skip } from '../support/skip.ts';

/** Runs a script once for each object, as its global `obj`, and returns what it returns. */
export type RunLua = (script: string, objects: readonly object[]) => Promise<readonly unknown[]>;

/**
 * For a suite's `before` hook: the Lua that Argo CD has, with no more of its libraries than Argo CD opens
 * (docs/facts/crossings-measured.md). Built in seconds, if the cache does not have it.
 */
export async function argoCdLua(context: Mocha.Context): Promise<RunLua> {
  context.timeout(groundTimeoutMs);
  const there = await componentsAvailability(['glua']);
  if (!there.available) skip(context, `${there.why}; ${there.remedy}`, 'glua');
  const { paths } = await findBinaries(['glua'], tellStderr);
  return async (script, objects) => {
    const folder = mkdtempSync(join(tmpdir(), 'rollguard-lua-'));
    try {
      const file = join(folder, 'run.lua');
      writeFileSync(file, `${harness}\nrun(${luaOf(script)}, ${luaOf(objects)})\n`);
      const printed = await mustRun(paths.glua, [file], {});
      return printed
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

/** Prints what the script returns as JSON, one line an object. */
const harness = `
local format, gsub, byte, loaded = string.format, string.gsub, string.byte, loadstring
local function text(value)
  return '"' .. gsub(value, '[%c"\\\\]', function(each) return format('\\\\u%04x', byte(each)) end) .. '"'
end
local function json(value)
  if type(value) == 'string' then return text(value) end
  if type(value) ~= 'table' then return tostring(value) end
  local parts = {}
  if value[1] ~= nil then
    for _, each in ipairs(value) do parts[#parts + 1] = json(each) end
    return '[' .. table.concat(parts, ',') .. ']'
  end
  for key, each in pairs(value) do parts[#parts + 1] = text(tostring(key)) .. ':' .. json(each) end
  return '{' .. table.concat(parts, ',') .. '}'
end
function run(script, objects)
  os, io, math, string, debug, coroutine, channel = nil, nil, nil, nil, nil, nil, nil
  local chunk = assert(loaded(script))
  for _, each in ipairs(objects) do
    obj = each
    print(json(chunk()))
  end
end
`;

/** As a Lua expression. */
function luaOf(value: unknown): string {
  if (value === undefined || value === null) return 'nil';
  if (typeof value === 'string')
    return `"${value.replaceAll(/["\\\p{Cc}]/gu, (each) => `\\${String(each.codePointAt(0)).padStart(3, '0')}`)}"`;
  if (Array.isArray(value)) return `{${value.map(luaOf).join(', ')}}`;
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => `[${luaOf(key)}] = ${luaOf(each)}`)
      .join(', ')}}`;
  return JSON.stringify(value);
}
