// The kernel's locks on open files, which Node does not have. They end with the process that holds
// them, however it ends. Of the kinds of Linux these are "open file description" locks: they hold
// between threads of a process as between machines on NFS, and closing another descriptor of the
// file does not give them up (man 2 fcntl, F_OFD_SETLK). Without libtorch: the cache and the hub,
// which use it, run without tensors.
#include <fcntl.h>
#include <node_api.h>

#include <cerrno>
#include <utility>

namespace {

// Calls fcntl for the whole file of the descriptor in the first argument. Returns 0 or the error's number.
int lockCall(napi_env env, napi_callback_info info, int command, struct flock& lock) {
  size_t count = 1;
  napi_value argument;
  napi_valuetype type = napi_undefined;
  double descriptor = -1;
  const bool given = napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) == napi_ok && count > 0 &&
                     napi_typeof(env, argument, &type) == napi_ok && type == napi_number &&
                     napi_get_value_double(env, argument, &descriptor) == napi_ok;
  if (!given || !(descriptor >= 0 && descriptor <= 0x7fffffff)) return EBADF;
  lock = {};  // from byte 0 to the end, wherever that comes to be
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(static_cast<int>(descriptor), command, &lock) == 0 ? 0 : errno;
}

napi_value answer(napi_env env, int number) {
  napi_value value = nullptr;
  napi_create_int32(env, number, &value);
  return value;
}

// lock(descriptor): 0 where the descriptor has the lock now, else errno; EAGAIN where another has it. Does not wait.
napi_value lock(napi_env env, napi_callback_info info) {
  struct flock lock;
  return answer(env, lockCall(env, info, F_OFD_SETLK, lock));
}

// look(descriptor): 0 where nobody else has the lock, EAGAIN where somebody has, else errno.
napi_value look(napi_env env, napi_callback_info info) {
  struct flock lock;
  const int error = lockCall(env, info, F_OFD_GETLK, lock);
  return answer(env, error == 0 && lock.l_type != F_UNLCK ? EAGAIN : error);
}

}  // namespace

NAPI_MODULE_INIT() {
  const std::pair<const char*, napi_callback> functions[] = {{"lock", lock}, {"look", look}};
  for (const auto& [name, callback] : functions) {
    napi_value function;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) != napi_ok) return nullptr;
    if (napi_set_named_property(env, exports, name, function) != napi_ok) return nullptr;
  }
  return exports;
}
