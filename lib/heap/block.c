/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks, and the spare ones that a worker's nursery keeps. */
#include "heap/block.h"

#include <sys/mman.h>

#define HUGE_STEP_WORDS ((size_t)1 << 18) /* 2 MiB */
#define GIVE_BACK_WORDS ((size_t)1 << 16) /* at a time: some 50 microseconds */

/* What is left of a block, at its start. */
struct leftover {
	struct leftover *next;
	size_t words;
};

unsigned block_class(size_t words)
{
	if (words <= BLOCK_MIN_WORDS)
		return 0;
	unsigned class = 64 - (unsigned)__builtin_clzll((words - 1) / BLOCK_MIN_WORDS);
	return class < BLOCK_CLASSES ? class : BLOCK_CLASSES;
}

size_t block_capacity(size_t words)
{
	if (words <= BLOCK_EXACT_MAX_WORDS)
		return words;
	unsigned class = block_class(words);
	if (class < BLOCK_CLASSES)
		return block_class_words(class);
	return (words + HUGE_STEP_WORDS - 1) & ~(HUGE_STEP_WORDS - 1);
}

term *block_alloc(struct nursery *nursery, size_t words)
{
	if (words <= BLOCK_EXACT_MAX_WORDS)
		return mem_alloc(MEM_HEAP, words * sizeof(term));
	unsigned class = block_class(words);
	if (class < BLOCK_CLASSES && nursery != NULL) {
		term **spare = &nursery->spare[class];
		if (*spare == NULL && class < BLOCK_PAIRS)
			spare = &nursery->spare[BLOCK_CLASSES + class];
		if (*spare != NULL) {
			term *block = *spare;
			*spare = NULL;
			return block;
		}
	}
	/* Not huge pages: the first touch of one takes as long as five hundred of the others, which on a virtual machine was seen to be
	 * 6 ms that nothing interrupts, and programs with large heaps were not faster. */
	term *block = mem_map(MEM_HEAP, words * sizeof(term));
	return block;
}

void block_free(struct nursery *nursery, term *block, size_t words)
{
	if (block == NULL)
		return;
	if (words <= BLOCK_EXACT_MAX_WORDS) {
		mem_free(MEM_HEAP, block, words * sizeof(term));
		return;
	}
	unsigned class = block_class(words);
	if (class < BLOCK_CLASSES && nursery != NULL) {
		term **spare = &nursery->spare[class];
		if (*spare != NULL && class < BLOCK_PAIRS)
			spare = &nursery->spare[BLOCK_CLASSES + class];
		if (*spare == NULL) {
			*spare = block;
			return;
		}
	}
	if (class == BLOCK_CLASSES && nursery != NULL) {
		struct leftover *left = (struct leftover *)(void *)block; /* nobody's any more */
		*left = (struct leftover){ nursery->leftover, words };
		nursery->leftover = left;
		return;
	}
	mem_unmap(MEM_HEAP, block, words * sizeof(term));
}

bool nursery_give_back(struct nursery *nursery)
{
	struct leftover *left = nursery->leftover;
	if (left == NULL)
		return false;
	if (left->words > GIVE_BACK_WORDS) {
		left->words -= GIVE_BACK_WORDS;
		mem_unmap(MEM_HEAP, (term *)(void *)left + left->words,
			GIVE_BACK_WORDS * sizeof(term));
		return true;
	}
	nursery->leftover = left->next;
	mem_unmap(MEM_HEAP, left, left->words * sizeof(term));
	return nursery->leftover != NULL;
}

void block_trim(term *block, size_t words, size_t new_words)
{
	debug_assert(new_words > BLOCK_EXACT_MAX_WORDS && new_words <= words);
	if (new_words < words)
		mem_unmap(MEM_HEAP, block + new_words, (words - new_words) * sizeof(term));
}

void nursery_init(struct nursery *nursery)
{
	*nursery = (struct nursery){ .start = block_alloc(NULL, BLOCK_MIN_WORDS) };
	nursery->end = nursery->start + NURSERY_WORDS;
}

bool nursery_has_spares(const struct nursery *nursery)
{
	for (unsigned i = 0; i < ARRAY_SIZE(nursery->spare); i++) {
		if (nursery->spare[i] != NULL)
			return true;
	}
	return false;
}

void nursery_trim(struct nursery *nursery)
{
	for (unsigned i = 0; i < ARRAY_SIZE(nursery->spare); i++) {
		if (nursery->spare[i] == NULL)
			continue;
		unsigned class = i < BLOCK_CLASSES ? i : i - BLOCK_CLASSES;
		mem_unmap(MEM_HEAP, nursery->spare[i], block_class_words(class) * sizeof(term));
		nursery->spare[i] = NULL;
	}
}

void nursery_done(struct nursery *nursery)
{
	nursery_trim(nursery);
	while (nursery_give_back(nursery))
		;
	if (nursery->start != NULL)
		mem_unmap(MEM_HEAP, nursery->start, BLOCK_MIN_WORDS * sizeof(term));
	*nursery = (struct nursery){ 0 };
}
