/* SPDX-License-Identifier: Apache-2.0 */
/* Float registers. Included by loop.c inside its function. Invariant: they hold finite numbers. */

/* They stand behind the x registers (proc/worker.h). */
#define FR(i) (((double *)(x + offsetof(struct worker, fr) / sizeof(term)))[i])

L_fmove_in:
	FR(W16(1)) = float_value(REG(W16(0)));
	NEXT(fmove_in);

L_fmove_in_x:
	FR(W8(1)) = float_value(x8(0));
	NEXT(fmove_in_x);

L_fmove_out_x:
	x8(1) = float_put(H, FR(W8(0)));
	H += FLOAT_WORDS;
	NEXT(fmove_out_x);

L_fmove_out:
	/* The words are reserved (verify.h). */
	REG(W16(1)) = float_put(H, FR(W16(0)));
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
	FR(W16(1)) = d;
	NEXT(fconv);
}

#define FLOAT_ROW(name, operation)                                                                 \
	L_##name:                                                                                  \
	{                                                                                          \
		double d = FR(W16(0)) operation FR(W16(1));                                        \
		if (unlikely(!isfinite(d)))                                                        \
			goto raise_badarith;                                                       \
		FR(F16(1, 0)) = d;                                                                 \
		NEXT(name);                                                                        \
	}                                                                                          \
	L_##name##_b:                                                                              \
	{                                                                                          \
		double d = FR(W8(0)) operation FR(W8(1));                                          \
		if (unlikely(!isfinite(d)))                                                        \
			goto raise_badarith;                                                       \
		FR(W8(2)) = d;                                                                     \
		NEXT(name##_b);                                                                    \
	}

FLOAT_ROW(fadd, +)
FLOAT_ROW(fsub, -)
FLOAT_ROW(fmul, *)
FLOAT_ROW(fdiv, /)
#undef FLOAT_ROW

L_fnegate:
	FR(W16(1)) = -FR(W16(0));
	NEXT(fnegate);

#undef FR

raise_badarith:
	SWAP_OUT();
	raise_error(p, A(badarith));
	goto raise_here;
