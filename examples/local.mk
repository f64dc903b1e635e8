# SPDX-License-Identifier: Apache-2.0
# Configurations that run as they stand, and plug-ins that build outside this tree. They are installed as they are.

examplesdir = $(pkgdatadir)/examples
dist_examples_DATA =
