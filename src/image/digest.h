// SPDX-License-Identifier: Apache-2.0
// The image digest: what an image is, on every back-end (docs/formats/image.md).
#pragma once

#include <adyton/bytes.h>
#include <adyton/identity.h>
#include "image/image.h"

namespace adyton {

Digest384 image_digest(const LaunchPlan& plan, BytesView manifest);

}  // namespace adyton
