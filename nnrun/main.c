/* SPDX-License-Identifier: Apache-2.0 */
/* The program's door: reads the command's name and the flags that belong to no command. Exit code 2 means
 * that what was asked for was not understood. */
#include "nn-train/train.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "Usage: nnrun COMMAND [ARGUMENTS]\n"
                            "\n"
                            "  nnrun --version    print the versions of the program and its libraries\n"
                            "  nnrun --help       print this\n";

int main(int argc, char **argv) {
    if (argc < 2) {
        fputs(usage, stderr);
        return 2;
    }
    if (!strcmp(argv[1], "--version")) {
        printf("nnrun %s (libnn %s, libnn-train %s)\n", PACKAGE_VERSION, nn_version(), nn_train_version());
        return 0;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        fputs(usage, stdout);
        return 0;
    }
    fprintf(stderr, "nnrun: there is no command '%s'; 'nnrun --help' lists them\n", argv[1]);
    return 2;
}
