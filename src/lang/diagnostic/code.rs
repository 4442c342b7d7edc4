//! The codes of all mistakes and warnings, in one table. Users see the name of a code in brackets after `error` or
//! `warning`, in an `allow`, in JSON and in SARIF; its explanation is the file with its name in `docs/diagnostics`.

use std::fmt;

use super::Severity;

/// Makes [`Code`] of the two tables.
macro_rules! codes {
    (
        errors { $($(#[$error_doc:meta])* $error:ident = $error_name:literal,)* }
        warnings { $($(#[$warning_doc:meta])* $warning:ident = $warning_name:literal,)* }
    ) => {
        /// A kind of mistake or warning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$error_doc])* $error,)*
            $($(#[$warning_doc])* $warning,)*
        }

        impl Code {
            /// All of them, those of errors first.
            pub const ALL: &[Code] = &[$(Code::$error,)* $(Code::$warning,)*];

            /// Its stable name in kebab case.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Code::$error => $error_name,)*
                    $(Code::$warning => $warning_name,)*
                }
            }

            /// Whether it is that of an error or of a warning.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self {
                    $(Code::$error)|* => Severity::Error,
                    $(Code::$warning)|* => Severity::Warning,
                }
            }
        }
    };
}

codes! {
    errors {
        /// Two enums that are visible here have a case of this name.
        AmbiguousCase = "ambiguous-case",
        /// A parameter gets two arguments.
        ArgumentTwice = "argument-twice",
        /// A block descends from itself.
        BaseCycle = "base-cycle",
        /// What stands after `from` is no block.
        BaseIsNoBlock = "base-is-no-block",
        /// A copy has a weight of another shape than its original.
        CopyOfOtherShape = "copy-of-other-shape",
        /// A copy starts from a part that no function calls.
        CopyOfUnused = "copy-of-unused",
        /// A copy is made outside of a `part`.
        CopyOutsidePart = "copy-outside-part",
        /// The centre that is cut out is larger than the image.
        CropTooLarge = "crop-too-large",
        /// A value depends on itself.
        Cycle = "cycle",
        /// A number is divided by zero.
        DivisionByZero = "division-by-zero",
        /// Something is named twice in one place.
        DuplicateName = "duplicate-name",
        /// A list is empty that needs an element.
        EmptyList = "empty-list",
        /// The name of an enum stands where one of its cases is meant.
        EnumAsValue = "enum-as-value",
        /// A fit or an objective reads a stored tensor that a later fit computes.
        FittedLater = "fitted-later",
        /// Two fits compute the same stored tensor.
        FittedTwice = "fitted-twice",
        /// A file uses itself.
        ImportCycle = "import-cycle",
        /// A list has no element at this index.
        IndexOutOfRange = "index-out-of-range",
        /// A list would have more than a million elements.
        ListTooLong = "list-too-long",
        /// A step of a loop gives a value another shape than it took.
        LoopChangesShape = "loop-changes-shape",
        /// A call leaves out a parameter that has no default.
        MissingArgument = "missing-argument",
        /// A setting or a key that must be there is missing.
        MissingKey = "missing-key",
        /// A model descends from a block with parameters.
        ModelFromBlock = "model-from-block",
        /// A place is given to something without weights.
        NeedlessPlace = "needless-place",
        /// A fit computes something that needs all training images at once.
        NeedsAllImages = "needs-all-images",
        /// No fit computes a stored tensor.
        NeverFitted = "never-fitted",
        /// The model takes images, but has no `data`.
        NoData = "no-data",
        /// Something is differentiated by what it does not depend on.
        NoGradient = "no-gradient",
        /// A fit or a choice of weights is of held-out images, and no images are held out.
        NoHoldOut = "no-hold-out",
        /// A part has an optimizer of its own, and nothing in it is trained, or another has one for the same weights.
        NothingToOptimize = "nothing-to-optimize",
        /// A file that should be an experiment has no model.
        NoModel = "no-model",
        /// A layer or block with weights has no place.
        NoPlace = "no-place",
        /// An `allow` or `ignores` gives no reason.
        NoReason = "no-reason",
        /// A tensor has no axis of this number.
        NoSuchAxis = "no-such-axis",
        /// A name that stands for one value is given another.
        NotAVar = "not-a-var",
        /// Something that is no function is called.
        NotCallable = "not-callable",
        /// A division of whole numbers leaves a remainder.
        NotDivisible = "not-divisible",
        /// A number that is computed before anything runs, or an inverse, is not finite.
        NotFinite = "not-finite",
        /// A param has a value outside of its range.
        NotWithin = "not-within",
        /// A number is larger than its type can hold.
        NumberTooLarge = "number-too-large",
        /// A block has a member that only a model can have.
        OnlyInModels = "only-in-models",
        /// A range lacks an end that it needs.
        OpenRange = "open-range",
        /// A variant replaces a member by one of another kind.
        OtherKind = "other-kind",
        /// A result is too large for an int.
        Overflow = "overflow",
        /// One call uses the same place twice.
        PlaceReachedTwice = "place-reached-twice",
        /// Two parts lie at the same place.
        PlaceTaken = "place-taken",
        /// An argument without a name comes after one with a name.
        PositionalAfterNamed = "positional-after-named",
        /// A block or function refuses its arguments.
        Refused = "refused",
        /// A param is set twice from outside.
        SetTwice = "set-twice",
        /// The shapes of tensors do not fit together.
        ShapeMismatch = "shape-mismatch",
        /// A loop that runs would have to update running statistics.
        StatisticsInLoop = "statistics-in-loop",
        /// A training has both `steps` and `epochs`.
        StepsAndEpochs = "steps-and-epochs",
        /// `data` has both `stretch` and `shorter`.
        StretchAndShorter = "stretch-and-shorter",
        /// The text can't be read.
        Syntax = "syntax",
        /// Functions call each other without end.
        TooDeep = "too-deep",
        /// Expanding all calls would take too long.
        TooLong = "too-long",
        /// A call has more arguments than there are parameters.
        TooManyArguments = "too-many-arguments",
        /// A fit takes too many passes over the training images.
        TooManyPasses = "too-many-passes",
        /// An expression is nested too deeply to be read.
        TooNested = "too-nested",
        /// A number is smaller or larger than makes sense here.
        TooSmall = "too-small",
        /// An objective trains parts that have no weights.
        TrainsNothing = "trains-nothing",
        /// A file has two models.
        TwoModels = "two-models",
        /// A variable in a shape never gets a value.
        UnboundExtent = "unbound-extent",
        /// Lists that belong together have different lengths.
        UnequalLengths = "unequal-lengths",
        /// What is called has no parameter of this name.
        UnknownArgument = "unknown-argument",
        /// The shape of a weight depends on an extent that is not known yet.
        UnknownChannels = "unknown-channels",
        /// A value has no field of this name.
        UnknownField = "unknown-field",
        /// A used file has no such name.
        UnknownImport = "unknown-import",
        /// A score or objective has a parameter that a run does not provide.
        UnknownInput = "unknown-input",
        /// A section has no setting of this name.
        UnknownKey = "unknown-key",
        /// The standard library has no module of this name.
        UnknownModule = "unknown-module",
        /// A name has no meaning here.
        UnknownName = "unknown-name",
        /// The model has no param or training of this name.
        UnknownSetting = "unknown-setting",
        /// An `allow` names a warning that does not exist.
        UnknownWarning = "unknown-warning",
        /// A setting or argument has a word that it can't have.
        UnknownWord = "unknown-word",
        /// A file can't be read.
        UnreadableFile = "unreadable-file",
        /// A call gets a tensor that it does not use.
        UnusedInput = "unused-input",
        /// A value in the middle of a body is not used.
        UnusedValue = "unused-value",
        /// The path of a used file, or a pattern after `ignores`, contains a value in braces.
        ValueInPath = "value-in-path",
        /// A part is called with inputs that need weights of different shapes.
        WeightOfTwoShapes = "weight-of-two-shapes",
        /// A weight would have more than 2^40 elements.
        WeightTooLarge = "weight-too-large",
        /// Two layers would have the same weight.
        WeightTwice = "weight-twice",
        /// Arguments do not fit together, some are missing, or some need their names.
        WrongArgument = "wrong-argument",
        /// An operator is not defined for these two values.
        WrongOperands = "wrong-operands",
        /// A value has another type than is needed.
        WrongType = "wrong-type",
    }
    warnings {
        /// A trained weight that no objective depends on.
        UnreachedWeight = "unreached-weight",
        /// A trained weight between which and every objective the gradient is cut.
        CutGradient = "cut-gradient",
        /// A trained weight whose gradient is zero at every step.
        StuckWeight = "stuck-weight",
        /// A part that an objective trains and of which nothing is left to train.
        NothingToTrain = "nothing-to-train",
        /// A `freezes` that takes nothing away.
        FreezesNothing = "freezes-nothing",
        /// A part that is read with random weights, which nothing trains and no file gives.
        FirstValues = "first-values",
        /// An objective that no training minimises.
        NoTraining = "no-training",
        /// A part with which nothing is computed.
        UnusedPart = "unused-part",
        /// A name that nothing reads.
        UnusedName = "unused-name",
        /// A `param` that changes nothing.
        UnusedParam = "unused-param",
        /// Training images are held out, and nothing sees them.
        UnusedHoldOut = "unused-hold-out",
        /// A source whose images no objective takes.
        UnusedSource = "unused-source",
        /// The score is told the class of an image.
        KnownClass = "known-class",
        /// A schedule that a training is too short for.
        IdleSchedule = "idle-schedule",
        /// The same call twice.
        RepeatedCall = "repeated-call",
        /// A call in a loop that is the same in every step.
        CallInLoop = "call-in-loop",
        /// A value minus itself.
        EqualTerms = "equal-terms",
        /// A normalisation over a single element.
        SingleElementNorm = "single-element-norm",
        /// Random numbers in `score` that change nothing.
        NeedlessRandom = "needless-random",
        /// A comment that would be the second half of a division in other languages.
        CommentedDivision = "commented-division",
        /// Metrics without a protocol.
        NoProtocol = "no-protocol",
        /// An `allow` that silences nothing.
        UnneededAllow = "unneeded-allow",
    }
}

impl Code {
    /// The code with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// The codes of warnings, in the order of the guide: those that an `allow` can name.
    pub fn warnings() -> impl Iterator<Item = Code> {
        Code::ALL.iter().copied().filter(|code| code.severity() == Severity::Warning)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
