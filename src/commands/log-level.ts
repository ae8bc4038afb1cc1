import { Option } from 'commander';

/** `--log-level`, as each server takes it. */
export function logLevel(): Option {
  return new Option('--log-level <level>', 'what is logged')
    .choices(['debug', 'info', 'warn', 'error'])
    .default('info');
}
