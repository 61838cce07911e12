"""Running jobs: one small class a language, on processes that a warm zygote forks."""
