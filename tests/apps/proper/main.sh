# PropEr: properties of maps, ets tables and binaries against models, one that fails and shrinks, and a state machine.
erl -make
erl -noshell -eval 'models:main(), halt().' -extra ${LONG:+long}
