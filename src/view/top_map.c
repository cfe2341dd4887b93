// SPDX-License-Identifier: GPL-2.0-only
/* top_map.c - where in a list the entry of an object of the model is. */
#include <errno.h>
#include <stdlib.h>

#include "screen.h"

static size_t place_of(const struct map *map, const void *key)
{
	size_t at = ((uintptr_t)key >> 4) * 0x9e3779b97f4a7c15ull >> 20;

	for (at &= map->size - 1; map->key[at] && map->key[at] != key;)
		at = (at + 1) & (map->size - 1);
	return at;
}

static int enlarge(struct map *map)
{
	struct map more = {.size = map->size ? 2 * map->size : 64};

	more.key = calloc(more.size, sizeof(*more.key));
	more.value = calloc(more.size, sizeof(*more.value));
	if (!more.key || !more.value) {
		map_free(&more);
		return -ENOMEM;
	}
	for (size_t i = 0; i < map->size; i++)
		if (map->key[i])
			map_put(&more, map->key[i], map->value[i]);
	map_free(map);
	*map = more;
	return 0;
}

int map_put(struct map *map, const void *key, size_t value)
{
	size_t at;

	if (2 * map->count >= map->size && enlarge(map))
		return -ENOMEM;
	at = place_of(map, key);
	map->count += !map->key[at];
	map->key[at] = key;
	map->value[at] = (uint32_t)value;
	return 0;
}

bool map_get(const struct map *map, const void *key, size_t *value)
{
	size_t at;

	if (!map->size || !key)
		return false;
	at = place_of(map, key);
	*value = map->value[at];
	return map->key[at];
}

void map_free(struct map *map)
{
	free(map->key);
	free(map->value);
	*map = (struct map){0};
}
