import { processInput } from '../config/process-input.ts';
import { runCommandLine } from './command-line.ts';
import { processTerminal } from './terminal.ts';

process.exitCode = await runCommandLine(processInput(), processTerminal());
