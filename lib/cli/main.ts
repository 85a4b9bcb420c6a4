import { processInput } from '../config/process-input.ts';
import { runCommandLine } from './command-line.ts';
import { everythingWritten, processTerminal } from './terminal.ts';

const input = processInput();
const status = await runCommandLine(input, processTerminal(input.colours));
await everythingWritten();
// What may still run, such as a program that was asked for credentials, is nothing to wait for.
process.exit(status);
