//! The columns of a file of positions, by the names in its header.

/// A column that the import knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// What the position is called; of options the OCC symbol, or nothing.
    Symbol,
    /// Units, signed.
    Quantity,
    /// The price per share at the entry.
    EntryPrice,
    /// The New York date of the entry.
    EntryDate,
    /// `PUBLIC`, `OPTIONS` or `PRIVATE`.
    InvestmentClass,
    /// What it is within its class.
    InvestmentSubtype,
    /// The underlying of options.
    UnderlyingSymbol,
    /// The strike of options.
    StrikePrice,
    /// The last day of options.
    ExpirationDate,
    /// `CALL` or `PUT`.
    OptionType,
    /// When all of it was closed.
    ExitDate,
    /// At which price per share.
    ExitPrice,
    /// `LONG`, `SHORT`, `LC`, `LP`, `SC` or `SP`.
    PositionType,
    /// Names of tags, separated by commas.
    Tags,
}

impl Column {
    /// All of them, in the order of the template.
    pub const ALL: [Self; 14] = [
        Self::Symbol,
        Self::Quantity,
        Self::EntryPrice,
        Self::EntryDate,
        Self::InvestmentClass,
        Self::InvestmentSubtype,
        Self::UnderlyingSymbol,
        Self::StrikePrice,
        Self::ExpirationDate,
        Self::OptionType,
        Self::ExitDate,
        Self::ExitPrice,
        Self::PositionType,
        Self::Tags,
    ];

    /// Its name in the header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Symbol => "Symbol",
            Self::Quantity => "Quantity",
            Self::EntryPrice => "Entry Price Per Share",
            Self::EntryDate => "Entry Date",
            Self::InvestmentClass => "Investment Class",
            Self::InvestmentSubtype => "Investment Subtype",
            Self::UnderlyingSymbol => "Underlying Symbol",
            Self::StrikePrice => "Strike Price",
            Self::ExpirationDate => "Expiration Date",
            Self::OptionType => "Option Type",
            Self::ExitDate => "Exit Date",
            Self::ExitPrice => "Exit Price Per Share",
            Self::PositionType => "Position Type",
            Self::Tags => "Tags",
        }
    }

    /// The field of a lot that it fills, as the rules of lots name it.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Symbol => "symbol",
            Self::Quantity => "quantity",
            Self::EntryPrice => "entry_price",
            Self::EntryDate => "entry_date",
            Self::InvestmentClass => "investment_class",
            Self::InvestmentSubtype => "investment_subtype",
            Self::UnderlyingSymbol => "underlying_symbol",
            Self::StrikePrice => "strike_price",
            Self::ExpirationDate => "expiration_date",
            Self::OptionType => "option_type",
            Self::ExitDate => "exit_date",
            Self::ExitPrice => "exit_price",
            Self::PositionType => "position_type",
            Self::Tags => "tag_ids",
        }
    }

    /// The column that fills a field of a lot.
    pub fn of_field(field: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.field() == field)
    }

    const fn is_required(self) -> bool {
        matches!(self, Self::Symbol | Self::Quantity | Self::EntryPrice | Self::EntryDate)
    }
}

/// Where the columns of a file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    places: Vec<(Column, usize)>,
    /// How many cells it has.
    pub(super) width: usize,
    /// Columns that nobody reads.
    pub(super) unknown: Vec<String>,
}

/// What is wrong with a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HeaderFault {
    /// These columns are not there.
    Missing(Vec<Column>),
    /// This one is there more than once.
    Repeated(Column),
}

impl Header {
    /// Finds the columns; case and spaces around a name do not count.
    pub(super) fn of<'a>(cells: impl Iterator<Item = &'a str>) -> Result<Self, HeaderFault> {
        let mut header = Self { places: Vec::new(), width: 0, unknown: Vec::new() };
        for cell in cells {
            let name = cell.trim();
            let column = Column::ALL.into_iter().find(|column| column.name().eq_ignore_ascii_case(name));
            match column {
                Some(column) if header.place(column).is_some() => return Err(HeaderFault::Repeated(column)),
                Some(column) => header.places.push((column, header.width)),
                None if name.is_empty() => {}
                None => header.unknown.push(name.to_owned()),
            }
            header.width += 1;
        }
        let is_missing = |column: &Column| column.is_required() && header.place(*column).is_none();
        let missing: Vec<Column> = Column::ALL.into_iter().filter(is_missing).collect();
        if missing.is_empty() { Ok(header) } else { Err(HeaderFault::Missing(missing)) }
    }

    /// The place of a column in every row.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.places.iter().find(|(known, _)| *known == column).map(|(_, place)| *place)
    }
}
