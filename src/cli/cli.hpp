#pragma once

namespace penstock::cli {

// The whole program: parses the command line, runs one command, returns the exit code of interface.md.
int run(int argc, char** argv);

}  // namespace penstock::cli
