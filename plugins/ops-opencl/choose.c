/* SPDX-License-Identifier: Apache-2.0 */
/* Which devices there are, and which one is meant: by number, or by a part of its name, its vendor's or its
 * platform's. */
#include "device.h"

#include <ctype.h>

int32_t ocl_enumerate(const NnHost *nn, uint32_t *count, NnStatus *status) {
    OclFound found[OCL_DEVICES_MAX];
    return ocl_find(nn, found, count, status);
}

int32_t ocl_device_at(const NnHost *nn, uint32_t index, OclFound *out, NnStatus *status) {
    OclFound found[OCL_DEVICES_MAX];
    uint32_t n;
    const int32_t code = ocl_find(nn, found, &n, status);
    if (code != NN_OK)
        return code;
    if (index >= n)
        return nn_fail(nn, status, NN_NOT_FOUND, "there are %u OpenCL devices; asked for number %u", n,
                       index);
    *out = found[index];
    return NN_OK;
}

bool ocl_has_extension(const OclApi *cl, cl_device_id id, const char *name) {
    char all[8192] = " ";
    size_t bytes = 0;
    if (cl->GetDeviceInfo(id, CL_DEVICE_EXTENSIONS, sizeof all - 2, all + 1, &bytes) != CL_SUCCESS)
        return false;
    char wanted[64];
    all[sizeof all - 1] = '\0';
    (void)snprintf(wanted, sizeof wanted, " %s", name);
    for (const char *at = all; (at = strstr(at, wanted)) != NULL; at++)
        if (at[strlen(wanted)] == ' ' || at[strlen(wanted)] == '\0')
            return true;
    return false;
}

static uint64_t types_of(const OclApi *cl, cl_device_id id) {
    uint64_t types = NN_INTEGERS | NN_MASK(NN_BOOL) | NN_MASK(NN_F32) | NN_MASK(NN_F16);
    return types | (ocl_has_extension(cl, id, "cl_khr_fp64") ? NN_MASK(NN_F64) : 0);
}

void ocl_driver_text(const OclApi *cl, const OclFound *f, char *text, size_t size) {
    char platform[OCL_TEXT], driver[OCL_TEXT];
    ocl_platform_text(cl, f->platform, CL_PLATFORM_VERSION, platform);
    ocl_device_text(cl, f->id, CL_DRIVER_VERSION, driver);
    (void)snprintf(text, size, "%.120s, driver %.100s", platform, driver);
}

int32_t ocl_describe(const NnHost *nn, uint32_t index, NnDeviceInfo *info, NnStatus *status) {
    OclFound f;
    const OclApi *cl = ocl_load(nn, status);
    const int32_t code = ocl_device_at(nn, index, &f, status);
    if (cl == NULL || code != NN_OK)
        return code;
    char name[OCL_TEXT], driver[OCL_TEXT];
    cl_ulong memory = 0;
    ocl_device_text(cl, f.id, CL_DEVICE_NAME, name);
    ocl_driver_text(cl, &f, driver, sizeof driver);
    (void)cl->GetDeviceInfo(f.id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof memory, &memory, NULL);
    info->alignment = 64;
    info->memory_bytes = memory;
    info->types = types_of(cl, f.id);
    (void)snprintf(info->name, sizeof info->name, "%.120s", name);
    (void)snprintf(info->driver, sizeof info->driver, "%.120s", driver);
    return NN_OK;
}

/* Is `words` part of `text`, whatever the case of letters? */
static bool holds(const char *text, const char *words) {
    for (; *text; text++) {
        size_t i = 0;
        while (words[i] && tolower((unsigned char)text[i]) == tolower((unsigned char)words[i]))
            i++;
        if (words[i] == '\0')
            return true;
    }
    return false;
}

int32_t ocl_find_named(const NnHost *nn, const char *words, uint32_t *index, NnStatus *status) {
    OclFound found[OCL_DEVICES_MAX];
    uint32_t n;
    const OclApi *cl = ocl_load(nn, status);
    const int32_t code = ocl_find(nn, found, &n, status);
    if (cl == NULL || code != NN_OK)
        return code;
    char text[4][OCL_TEXT], all[768] = "";
    for (uint32_t i = 0; i < n; i++) {
        ocl_device_text(cl, found[i].id, CL_DEVICE_NAME, text[0]);
        ocl_device_text(cl, found[i].id, CL_DEVICE_VENDOR, text[1]);
        ocl_platform_text(cl, found[i].platform, CL_PLATFORM_NAME, text[2]);
        ocl_platform_text(cl, found[i].platform, CL_PLATFORM_VERSION, text[3]);
        for (uint32_t k = 0; k < 4; k++)
            if (*words && holds(text[k], words)) {
                *index = i;
                return NN_OK;
            }
        const size_t at = strlen(all);
        (void)snprintf(all + at, sizeof all - at, "%s%u is %s (%s)", at ? "; " : "", i, text[0], text[2]);
    }
    return nn_fail(nn, status, NN_NOT_FOUND, "no OpenCL device is called \"%s\": %s", words, all);
}
