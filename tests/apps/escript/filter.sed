s/__escript__[0-9_]+/__escript__N/
