%% SPDX-License-Identifier: Apache-2.0
-module(b_json).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

run(N) ->
    Doc = doc(200),
    loop(N, Doc, 0).

loop(0, _, A) -> A;
loop(N, Doc, A) ->
    B = iolist_to_binary(enc(Doc)),
    {D2, <<>>} = dec(B),
    true = (length(D2) =:= length(Doc)),
    loop(N - 1, D2, A + byte_size(B)).

doc(0) -> [];
doc(N) ->
    [#{<<"id">> => N, <<"name">> => <<"user", (integer_to_binary(N))/binary>>,
       <<"tags">> => [<<"a">>, <<"b\"q">>, <<"longer tag text here">>], <<"active">> => (N rem 2 =:= 0),
       <<"pos">> => #{<<"x">> => N * 3, <<"y">> => -N}, <<"none">> => null} | doc(N - 1)].

enc(M) when is_map(M) ->
    case maps:to_list(M) of
        [] -> <<"{}">>;
        [{K, V} | T] -> [${, enc(K), $:, enc(V), [[$,, enc(K1), $:, enc(V1)] || {K1, V1} <- T], $}]
    end;
enc([]) -> <<"[]">>;
enc([H | T]) -> [$[, enc(H), [[$,, enc(X)] || X <- T], $]];
enc(B) when is_binary(B) -> [$", esc(B, <<>>), $"];
enc(I) when is_integer(I) -> integer_to_binary(I);
enc(true) -> <<"true">>;
enc(false) -> <<"false">>;
enc(null) -> <<"null">>.

esc(<<$", R/binary>>, A) -> esc(R, <<A/binary, $\\, $">>);
esc(<<$\\, R/binary>>, A) -> esc(R, <<A/binary, $\\, $\\>>);
esc(<<C, R/binary>>, A) -> esc(R, <<A/binary, C>>);
esc(<<>>, A) -> A.

dec(<<$\s, R/binary>>) -> dec(R);
dec(<<"{}", R/binary>>) -> {#{}, R};
dec(<<${, R/binary>>) -> obj(R, #{});
dec(<<"[]", R/binary>>) -> {[], R};
dec(<<$[, R/binary>>) -> arr(R, []);
dec(<<$", R/binary>>) -> str(R, <<>>);
dec(<<"true", R/binary>>) -> {true, R};
dec(<<"false", R/binary>>) -> {false, R};
dec(<<"null", R/binary>>) -> {null, R};
dec(<<$-, R/binary>>) -> {N, R1} = num(R, 0), {-N, R1};
dec(B) -> num(B, 0).

obj(B, M) ->
    {K, <<$:, R/binary>>} = dec(B),
    {V, R1} = dec(R),
    M1 = M#{K => V},
    case R1 of
        <<$,, R2/binary>> -> obj(R2, M1);
        <<$}, R2/binary>> -> {M1, R2}
    end.

arr(B, A) ->
    {V, R} = dec(B),
    case R of
        <<$,, R1/binary>> -> arr(R1, [V | A]);
        <<$], R1/binary>> -> {lists:reverse([V | A]), R1}
    end.

str(<<$", R/binary>>, A) -> {A, R};
str(<<$\\, C, R/binary>>, A) -> str(R, <<A/binary, C>>);
str(<<C, R/binary>>, A) -> str(R, <<A/binary, C>>).

num(<<C, R/binary>>, N) when C >= $0, C =< $9 -> num(R, N * 10 + C - $0);
num(R, N) -> {N, R}.
