/* SPDX-License-Identifier: Apache-2.0 */
/* The instructions that copy a value to another place, and that wait until what was enqueued is done. */
#include "run/parts.h"

#include "nn/plugin.h"

typedef struct Copy {
    NnSession *session;
    uint32_t from, to;
    bool dynamic; /* the extents, and so the memory, are known only now */
    bool bounded;
    NnStore store;
} Copy;

void *nn_copy_new(NnProgram *p, const NnPlanStep *s) {
    const NnPlanSlot *from = &p->slots[s->in_slots[0]], *to = &p->slots[s->out_slots[0]];
    Copy *c = g_new0(Copy, 1);
    *c = (Copy){.session = p->session,
                .from = from->space,
                .to = to->space,
                .dynamic = to->home == NN_HOME_DYNAMIC,
                .bounded = to->bounded,
                .store = {.space = to->space}};
    return c;
}

void nn_copy_free(void *state) {
    Copy *c = state;
    if (c)
        nn_store_free(c->session, &c->store);
    g_free(c);
}

int32_t nn_copy_run(void *state, const NnCall *call) {
    Copy *c = state;
    const NnTensor *from = call->inputs[0];
    NnTensor *to = call->outputs[0];
    const uint64_t bytes = nn_tensor_bytes(from);
    if (c->dynamic) {
        if (nn_store_reserve(c->session, &c->store, bytes, 0, "a copy", call->status) != NN_OK)
            return nn_status_code(call->status);
        to->buffer = c->store.buffer;
        to->offset = 0;
    }
    if (c->dynamic || c->bounded)
        nn_tensor_take_shape(to, from);
    return nn_space_copy(c->session, c->to, nn_tensor_place(to), c->from, nn_tensor_place(from), bytes,
                         call->status);
}

int32_t nn_wait_run(void *session, const NnCall *call) { return nn_devices_wait(session, call->status); }
