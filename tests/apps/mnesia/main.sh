# mnesia on one node: tables in memory and on disk, transactions, indexes, a restart.
erl -make
erl -noshell -pa . -mnesia dir '"data"' -eval 'bank:create(), bank:work(), init:stop().' -eval 'ok.'
erl -noshell -pa . -mnesia dir '"data"' -eval 'bank:again(), init:stop().'
