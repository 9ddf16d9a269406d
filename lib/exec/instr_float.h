/* SPDX-License-Identifier: Apache-2.0 */
/* Float registers. Included by loop.c inside its function. Invariant: they hold finite numbers. */

L_fmove_in:
	worker->fr[W16(1)] = float_value(REG(W16(0)));
	NEXT(fmove_in);

L_fmove_out:
	/* The words are reserved (verify.h). */
	REG(W16(1)) = float_put(H, worker->fr[W16(0)]);
	H += FLOAT_WORDS;
	NEXT(fmove_out);

L_fconv: {
	term t = REG(W16(0));
	double d;
	if (likely(term_is_small(t)))
		d = (double)small_value(t);
	else if (likely(term_is_float(t)))
		d = float_value(t);
	else if (!number_to_double(t, &d))
		goto raise_badarith;
	worker->fr[W16(1)] = d;
	NEXT(fconv);
}

#define FLOAT_ROW(name, operation)                                                                 \
	L_##name:                                                                                  \
	{                                                                                          \
		double d = worker->fr[W16(0)] operation worker->fr[W16(1)];                        \
		if (unlikely(!isfinite(d)))                                                        \
			goto raise_badarith;                                                       \
		worker->fr[F16(1, 0)] = d;                                                         \
		NEXT(name);                                                                        \
	}

FLOAT_ROW(fadd, +)
FLOAT_ROW(fsub, -)
FLOAT_ROW(fmul, *)
FLOAT_ROW(fdiv, /)
#undef FLOAT_ROW

L_fnegate:
	worker->fr[W16(1)] = -worker->fr[W16(0)];
	NEXT(fnegate);

raise_badarith:
	SWAP_OUT();
	raise_error(p, A(badarith));
	goto raise_here;
