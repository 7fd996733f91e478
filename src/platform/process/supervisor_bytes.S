// SPDX-License-Identifier: Apache-2.0
// SAFETY: read-only data between two labels.
#include "platform/embed.inc"

  embed adyton_supervisor
