"""Living views of runs and flows, each with a static twin that the saved notebook keeps.

A view is a module of `views/`: a function `(model, element) → update` that knows nothing of Jupyter, so that any host
can draw it. A widget is an `anywidget.AnyWidget` with a view and the twin of its last state. Imported when first shown.

To add one: a view in `views/NAME.js` whose function takes all its text through `dom.js`, its styles in the sheet beside
it, and a subclass of `base.Widget` that names the view, keeps its state with `set` and `merge`, takes actions by the
names that the view sends, and gives its `twin`. What an action does to the engine is for `stages` and `magics`.
"""
