// SPDX-License-Identifier: GPL-2.0-only
/* vmlab.c - the program, apart from everything else so that tests can run the rest. */
#include "cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
