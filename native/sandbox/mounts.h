// Which files a program sees.
#pragma once

#include <string>

#include "sandbox.h"

namespace sandbox {

void writeFile(const std::string& path, const std::string& text);

// Makes what Python needs, read-only, the whole file system of this process, with one small folder in
// memory that can be written to.
void makeRoot(const Request& request);

// Whether a user without rights could read what Python needs.
bool nobodyCanRead(const Request& request);

}  // namespace sandbox
