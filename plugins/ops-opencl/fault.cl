/* SPDX-License-Identifier: Apache-2.0 */
/* An index out of range: the first one is kept, with the tag of the call, until the host has waited. */
bool in_range(__global uint *fault, ulong tag, long *at, long n, bool wraps);
bool in_range(__global uint *fault, ulong tag, long *at, long n, bool wraps) {
    const long given = *at;
    *at = wraps && given < 0 ? given + n : given;
    if (*at >= 0 && *at < n)
        return true;
    if (atomic_cmpxchg((volatile __global uint *)fault, 0u, (uint)tag) == 0) {
        fault[1] = (uint)(tag >> 32);
        fault[2] = (uint)(ulong)given;
        fault[3] = (uint)((ulong)given >> 32);
        fault[4] = (uint)n;
    }
    *at = 0;
    return false;
}
