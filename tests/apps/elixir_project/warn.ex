defmodule Warn do
  def f(x) do
    unused = 1
    Missing.call(2)
  end
end
