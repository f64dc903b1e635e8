/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A family whose training is more than one function: two players pull at each other's number, the first twice
 * a step. Its step calls, reads and advances, so that all that NnStep offers is used.
 */
#include "nn/plugin.h"

typedef struct Game {
    NnModelBuild *build;
    NnGraph *g;
    NnValue *a, *b, *x;
} Game;

static NnValue *op(const Game *game, const char *name, NnValue *left, NnValue *right) {
    return nn_op2(game->build->host, game->g, name, left, right);
}

static NnValue *player(const Game *game, const char *name) {
    const NnVariableSpec spec = {.struct_size = sizeof spec,
                                 .type = NN_F32,
                                 .name = name,
                                 .init = "ones",
                                 .group = name,
                                 .role = NN_PARAMETER};
    const NnGraphApi *graph = game->build->host->graph;
    return graph->read(game->g, graph->variable(game->g, &spec));
}

static Game begin(NnModelBuild *build, const char *name) {
    Game game = {.build = build, .g = build->begin(build, name, NN_TRAINING)};
    const NnField *x = build->data->fields;
    int64_t dims[NN_MAX_RANK] = {NN_DIM_UNKNOWN};
    memcpy(dims + 1, x->dims, (size_t)x->rank * sizeof *dims);
    NnValue *pixels = build->host->graph->input(game.g, "x", x->type, x->rank + 1, dims);
    pixels = nn_op(build->host, game.g, "Cast", NN_VALUES(pixels), NN_ATTRS(NN_INT("to", NN_F32)));
    game.x = nn_op(build->host, game.g, "ReduceMean", NN_VALUES(pixels), NN_ATTRS(NN_INT("keepdims", 0)));
    game.x = op(&game, "Div", game.x, nn_scalar(build->host, game.g, NN_F32, 255));
    game.a = player(&game, "a");
    game.b = player(&game, "b");
    return game;
}

/* The first wants a b near the mean of the batch, the second wants b near a. */
static int32_t build(NnModelBuild *model) {
    for (int i = 0; i < 2; i++) {
        Game game = begin(model, i ? "second" : "first");
        NnValue *miss =
            i ? op(&game, "Sub", game.b, game.a) : op(&game, "Sub", op(&game, "Mul", game.a, game.b), game.x);
        NnValue *loss = op(&game, "Mul", miss, miss);
        model->host->graph->output(game.g, "loss", loss);
        model->host->graph->minimize(game.g, loss, i ? "b" : "a");
        if (model->end(model, game.g) != NN_OK)
            return model->host->code(model->status);
    }
    return NN_OK;
}

static int32_t step(NnStep *s, NnStatus *status) {
    double loss = -1;
    if (s->call(s, "first", status) != NN_OK || s->advance(s, status) != NN_OK ||
        s->call(s, "first", status) != NN_OK || s->read(s, "first", "loss", &loss, status) != NN_OK)
        return s->host->code(status);
    if (!(loss >= 0))
        return nn_fail(s->host, status, NN_ERROR, "the first player's loss reads as %g", loss);
    return s->call(s, "second", status);
}

static const NnModel two_players = {
    .struct_size = sizeof two_players, .name = "two-players", .doc = "A game.", .build = build, .step = step};

static const NnExport exports[] = {{NN_MODEL_KIND, "two-players", &two_players}};
NN_PLUGIN(two_players, "A family with a step of its own, for tests.", exports)
