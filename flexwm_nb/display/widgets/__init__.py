"""Living views of runs and flows, each with a static twin that the saved notebook keeps.

A view is a module of `views/`: a function `(model, element) → update` that knows nothing of Jupyter, so that any host
can draw it. A widget is an `anywidget.AnyWidget` with a view and the twin of its last state. Imported when first shown.
"""
